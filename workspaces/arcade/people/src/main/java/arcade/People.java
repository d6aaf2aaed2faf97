package arcade;

@SpringBootApplication
@EnableDiscoveryClient
public class People {
    public static void main(String[] args) {
        SpringApplication.run(People.class, args);
    }
}
